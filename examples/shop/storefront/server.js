import { hostname } from 'node:os';
import { call, serve } from './service.js';

const euros = (cents) => `€ ${(cents / 100).toFixed(2)}`;
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

const page = (body) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>The shop</title><link rel="stylesheet" href="/assets/shop.css"></head>
<body><header><h1><a href="/" style="color:inherit;text-decoration:none">The shop</a></h1><nav><a href="/cart">Cart</a> · <a href="/orders">Orders</a></nav></header>
${body}<footer>Served by ${escape(hostname())}, one of several tasks behind the load balancer.</footer>
<script>
async function post(path, body) { await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }); location.reload(); }
</script></body></html>`;

serve('storefront', {
  'GET /': async ({ q }) => {
    const [{ products }, { cents }, { stock }] = await Promise.all([
      call(q ? `/api/search?q=${encodeURIComponent(q)}` : '/api/catalog'), call('/api/pricing'), call('/api/inventory'),
    ]);
    const cards = await Promise.all(products.map(async ({ id, name, about }) => {
      const { reviews } = await call(`/api/reviews/${id}`);
      const stars = reviews.length ? ` · ${'★'.repeat(Math.round(reviews.reduce((sum, r) => sum + r.stars, 0) / reviews.length))}` : '';
      return `<div class="product"><h3>${escape(name)}</h3><p>${escape(about)}</p><p><span class="price">${euros(cents[id])}</span>${stars}</p>
        <p class="${stock[id] < 5 ? 'low' : ''}">${stock[id]} left</p><button onclick="post('/api/cart/guest', { item: '${id}' })">Add to cart</button></div>`;
    }));
    return page(`<form><input name="q" placeholder="Search" value="${escape(q ?? '')}"> <button>Search</button></form><br><div class="products">${cards.join('')}</div>`);
  },
  'GET /cart': async () => {
    const [{ items }, { cents }] = await Promise.all([call('/api/cart/guest'), call('/api/pricing')]);
    const rows = Object.entries(items).map(([item, count]) => `<li>${count} × ${escape(item)} <span class="price">${euros(cents[item] * count)}</span></li>`);
    const first = Object.keys(items)[0];
    const { recommended } = first ? await call(`/api/recommendations/${first}`) : { recommended: [] };
    return page(rows.length
      ? `<h2>Cart</h2><ul>${rows.join('')}</ul><button onclick="post('/api/orders', { cart: 'guest' })">Order</button><p>Goes well with it: ${recommended.map(escape).join(', ')}</p>`
      : '<h2>Cart</h2><p>Nothing yet.</p>');
  },
  'GET /orders': async () => {
    const { orders } = await call('/api/orders');
    return page(`<h2>Orders</h2><ul>${orders.map((order) => `<li>No. ${order.id}: ${escape(Object.keys(order.items).join(', '))} <span class="price">${euros(order.cents)}</span></li>`).join('') || '<li>None yet.</li>'}</ul>`);
  },
});
