import { call, serve } from './service.js';

serve('search', {
  'GET /api/search': async ({ q = '' }) => {
    const { products } = await call('/api/catalog');
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    return { q, products: products.filter(({ name, about }) => words.every((word) => `${name} ${about}`.toLowerCase().includes(word))) };
  },
});
