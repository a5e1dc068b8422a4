import { imageId } from '../../../wire/images.ts';

/** The machine images that every installation has. They are Debian inside; `images/` has the recipes. */
export interface Image {
  id: string;
  /** As Gantry calls it. */
  recipe: string;
  name: string;
  description: string;
  architecture: 'x86_64' | 'arm64';
  createdAt: string;
}

/** What the machines here can run: an image has the architecture of the machine on which it was made. */
const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';

export const images: readonly Image[] = [
  {
    id: imageId('ecs-optimized'), recipe: 'ecs-optimized', name: `gantry-ecs-optimized-${architecture}`, architecture, createdAt: '2026-01-01T00:00:00.000Z',
    description: 'Debian with containerd and the ECS agent, for Amazon ECS on instances',
  },
  {
    id: imageId('eks-optimized'), recipe: 'eks-optimized', name: `gantry-eks-optimized-1.36-${architecture}`, architecture, createdAt: '2026-01-01T00:00:00.000Z',
    description: 'Debian with containerd, kubelet and kube-proxy 1.36, for Amazon EKS on instances',
  },
];

export const imageById = (id: string) => images.find((image) => image.id === id);
