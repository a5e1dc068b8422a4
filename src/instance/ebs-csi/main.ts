/**
 * The node's side of the EBS CSI driver, on every node: it formats and mounts volumes for the kubelet, which finds it by the socket
 * in its folder of plugins' registrations. Volumes are made and attached by Gantry's control plane (src/services/eks/controllers/storage).
 */
import { csiProto, registrationProto } from '../../engines/protos.ts';
import { connect } from '../imds.ts';
import { DRIVER, DRIVER_VERSION } from './driver.ts';
import { nodeService } from './node.ts';
import { serve, serviceIn } from './rpc.ts';
import type { Methods } from './rpc.ts';

const endpoint = `/var/lib/kubelet/plugins/${DRIVER}/csi.sock`;
const registration = `/var/lib/kubelet/plugins_registry/${DRIVER}-reg.sock`;

const imds = await connect();
const text = async (path: string) => (await imds.get(`meta-data/${path}`))?.toString() ?? '';
const [instanceId, zone] = await Promise.all([text('instance-id'), text('placement/availability-zone')]);

const identity: Methods = {
  getPluginInfo: () => ({ name: DRIVER, vendorVersion: DRIVER_VERSION }),
  getPluginCapabilities: () => ({ capabilities: ['CONTROLLER_SERVICE', 'VOLUME_ACCESSIBILITY_CONSTRAINTS'].map((type) => ({ service: { type } })) }),
  probe: () => ({ ready: { value: true } }),
};

/** https://github.com/kubernetes/kubelet/blob/master/pkg/apis/pluginregistration/v1/api.proto */
const registrar: Methods = {
  getInfo: () => ({ type: 'CSIPlugin', name: DRIVER, endpoint, supportedVersions: ['1.0.0'] }),
  notifyRegistrationStatus({ pluginRegistered, error }: { pluginRegistered: boolean; error: string }) {
    console.log(pluginRegistered ? 'registered with the kubelet' : `the kubelet refused the registration: ${error}`);
    return {};
  },
};

await serve(endpoint, [
  { definition: serviceIn(csiProto, 'csi.v1.Identity'), methods: identity },
  { definition: serviceIn(csiProto, 'csi.v1.Node'), methods: nodeService({ instanceId, zone }) },
]);
await serve(registration, [{ definition: serviceIn(registrationProto, 'pluginregistration.Registration'), methods: registrar }]);
console.log(`${DRIVER} ${DRIVER_VERSION} on ${instanceId} in ${zone}`);
