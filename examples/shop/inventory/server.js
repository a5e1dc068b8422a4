import { serve } from './service.js';

const stock = { mug: 42, lamp: 7, chair: 12, kettle: 3, rug: 1, clock: 19 };

serve('inventory', {
  'GET /api/inventory': () => ({ stock }),
  'GET /api/inventory/:id': ({ id }) => (id in stock ? { id, left: stock[id] } : undefined),
});
