import { page } from '../paging.ts';
import type { EksOperations } from '../table.ts';
import { DEFAULT_VERSION, VERSIONS } from '../versions.ts';

export const versionOperations = {
  DescribeClusterVersions: (input) => {
    const wanted = VERSIONS.filter(({ version }) => (!input.clusterVersions?.length || input.clusterVersions.includes(version)) && (!input.defaultOnly || version === DEFAULT_VERSION));
    const standard = (input.versionStatus ?? 'STANDARD_SUPPORT') === 'STANDARD_SUPPORT' && (input.status ?? 'standard-support') === 'standard-support';
    const { items, nextToken } = page(standard ? wanted : [], ({ version }) => version, input);
    return {
      nextToken,
      clusterVersions: items.map((one) => ({
        clusterVersion: one.version, clusterType: 'eks', defaultPlatformVersion: one.platformVersion, defaultVersion: one.version === DEFAULT_VERSION,
        releaseDate: new Date(one.releaseDate), endOfStandardSupportDate: new Date(one.endOfStandardSupport), endOfExtendedSupportDate: new Date(one.endOfExtendedSupport),
        status: 'standard-support', versionStatus: 'STANDARD_SUPPORT', kubernetesPatchVersion: one.patch,
      })),
    };
  },
} satisfies EksOperations;
