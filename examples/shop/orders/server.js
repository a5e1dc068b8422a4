import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { call, serve } from './service.js';

/** PostgreSQL is a linked container of the same task; it may need a moment longer than we do. */
const pool = new pg.Pool({ host: 'postgres', user: 'postgres', password: 'shop' });
pool.on('error', (error) => console.error(`postgres: ${error.message}`));
for (;;) {
  try {
    await pool.query('CREATE TABLE IF NOT EXISTS orders (id serial PRIMARY KEY, cart text NOT NULL, items jsonb NOT NULL, cents integer NOT NULL, at timestamptz NOT NULL DEFAULT now())');
    break;
  } catch (error) {
    console.error(`waiting for postgres: ${error.message}`);
    await sleep(500);
  }
}

serve('orders', {
  'GET /api/orders': async () => ({ orders: (await pool.query('SELECT * FROM orders ORDER BY id DESC LIMIT 20')).rows }),
  'POST /api/orders': async (_path, { cart }) => {
    const [{ items }, { cents }] = await Promise.all([call(`/api/cart/${cart}`), call('/api/pricing')]);
    const sum = Object.entries(items).reduce((total, [item, count]) => total + (cents[item] ?? 0) * count, 0);
    const shipping = await call(`/api/shipping?cents=${sum}`);
    const { rows } = await pool.query('INSERT INTO orders (cart, items, cents) VALUES ($1, $2, $3) RETURNING *', [cart, JSON.stringify(items), sum + shipping.cents]);
    await call(`/api/cart/${cart}`, { method: 'DELETE' });
    return rows[0];
  },
});
