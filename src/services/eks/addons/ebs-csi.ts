import type { KubeClient } from '../../../kube/client.ts';
import { nodes } from '../../../kube/resources.ts';
import { DRIVER, csiDrivers, csiNodes } from '../controllers/storage/resources.ts';
import type { Issue } from '../records.ts';

export const EBS_CSI = 'aws-ebs-csi-driver';

/** https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/charts/aws-ebs-csi-driver/templates/csidriver.yaml */
const CSI_DRIVER = {
  metadata: { name: DRIVER, labels: { 'app.kubernetes.io/name': EBS_CSI } },
  spec: { attachRequired: true, podInfoOnMount: false, fsGroupPolicy: 'File', volumeLifecycleModes: ['Persistent'] },
};

/** The driver is there: its object, and its registration with each kubelet that is ready. */
export async function keepEbsCsi(kube: KubeClient): Promise<Issue[]> {
  await kube.apply(csiDrivers, CSI_DRIVER, { fieldManager: 'eks' });
  const registered = new Set((await kube.list(csiNodes)).items.filter(({ spec }) => spec.drivers?.some(({ name }) => name === DRIVER)).map(({ metadata }) => metadata.name));
  const lacking = (await kube.list(nodes)).items.filter(({ metadata, status }) =>
    metadata.labels?.['eks.amazonaws.com/compute-type'] !== 'fargate' && status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') && !registered.has(metadata.name));
  if (!lacking.length) return [];
  return [{ code: 'InsufficientNumberOfReplicas', message: `The add-on is unhealthy because the driver is not registered on ${lacking.length} of the cluster's nodes.`, resourceIds: lacking.map(({ metadata }) => metadata.name) }];
}

/** Volumes stay, as does what Kubernetes has of them. */
export const removeEbsCsi = (kube: KubeClient) => kube.delete(csiDrivers, CSI_DRIVER.metadata);
