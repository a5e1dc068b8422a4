import { call, serve } from './service.js';

serve('recommendations', {
  // What there is most of goes well with everything.
  'GET /api/recommendations/:id': async ({ id }) => {
    const { stock } = await call('/api/inventory');
    const others = Object.keys(stock).filter((other) => other !== id).sort((a, b) => stock[b] - stock[a]);
    return { id, recommended: others.slice(0, 2) };
  },
});
