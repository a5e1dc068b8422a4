import { createClient } from 'redis';
import { serve } from './service.js';

/** Redis is a container of the same task, which has an address of its own: it is at localhost. */
const redis = createClient({ url: 'redis://127.0.0.1:6379' });
redis.on('error', (error) => console.error(`redis: ${error.message}`));
await redis.connect();

const cart = async (id) => ({ id, items: Object.fromEntries(Object.entries(await redis.hGetAll(`cart:${id}`)).map(([item, count]) => [item, Number(count)])) });

serve('cart', {
  'GET /api/cart/:id': ({ id }) => cart(id),
  'POST /api/cart/:id': async ({ id }, { item, count = 1 }) => {
    await redis.hIncrBy(`cart:${id}`, item, count);
    return cart(id);
  },
  'DELETE /api/cart/:id': async ({ id }) => {
    await redis.del(`cart:${id}`);
    return cart(id);
  },
});
