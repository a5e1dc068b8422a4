import type { Teardown } from '../part.ts';
import { leaveFirewall } from './firewall.ts';
import { leaveForwarding } from './forwarding.ts';
import { removeHostLink, installationLinks } from './host-side.ts';
import { hostTable } from './names.ts';
import { namespaceIds, removeNamespace } from './namespaces.ts';
import { removeTable } from './nft.ts';
import { removeVpc } from './vpc.ts';

/** After the instances' and balancers': their processes have ended. What is left of their namespaces goes too. */
export const teardownNetwork: Teardown = async (installation) => {
  const ids = await namespaceIds(installation);
  for (const id of ids.filter((id) => id.startsWith('vpc-'))) await removeVpc(installation, id);
  for (const id of ids.filter((id) => !id.startsWith('vpc-'))) await removeNamespace(installation, id);
  for (const { link } of (await installationLinks(installation)).values()) await removeHostLink(link);
  await removeTable(hostTable(installation));
  await leaveFirewall(installation);
  await leaveForwarding();
};
