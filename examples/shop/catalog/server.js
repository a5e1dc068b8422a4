import { serve } from './service.js';

const products = [
  { id: 'mug', name: 'Enamel mug', about: 'Holds coffee, survives deployments.' },
  { id: 'lamp', name: 'Desk lamp', about: 'Warm light for late rollouts.' },
  { id: 'chair', name: 'Folding chair', about: 'Scales out when guests arrive.' },
  { id: 'kettle', name: 'Kettle', about: 'Reaches a steady state in three minutes.' },
  { id: 'rug', name: 'Wool rug', about: 'Everything is placed on it.' },
  { id: 'clock', name: 'Wall clock', about: 'Never skewed by more than fifteen minutes.' },
];

serve('catalog', {
  'GET /api/catalog': () => ({ products }),
  'GET /api/catalog/:id': ({ id }) => products.find((product) => product.id === id),
});
