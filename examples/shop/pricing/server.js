import { serve } from './service.js';

const cents = { mug: 1400, lamp: 4900, chair: 3500, kettle: 5900, rug: 12900, clock: 2900 };

serve('pricing', {
  'GET /api/pricing': () => ({ currency: 'EUR', cents }),
  'GET /api/pricing/:id': ({ id }) => (id in cents ? { id, currency: 'EUR', cents: cents[id] } : undefined),
});
