import type { RequestContext } from '../../../control/service.ts';
import { invalidParameterValue, keyFormat, keyPairDuplicate, keyPairNotFound, missingParameter } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { createKey, readPublicKey } from '../keys.ts';
import type { SshKey } from '../keys.ts';
import { keyPairs, names } from '../records.ts';
import type { KeyPair, Tags } from '../records.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';

const NAMES = 'key-pair';

function checkName(name: string | undefined): string {
  if (!name) throw missingParameter('KeyName');
  if (name.length > 255) throw invalidParameterValue(`Invalid value '${name}' for keyName. Must be between 1 and 255 characters.`);
  return name;
}

async function keep(context: RequestContext, name: string, { type, publicKey, fingerprint }: SshKey, tags: Tags): Promise<KeyPair> {
  const record: KeyPair = { id: newId(context, 'key'), name, type, publicKey, fingerprint, createdAt: context.now().toISOString(), tags };
  const commit = await context.store.commit([keyPairs.put(keyPairs.key(context, record.id), record, 0), names.put(names.key(context, NAMES, name), record.id, 0)]);
  if (!commit.ok) throw keyPairDuplicate(name);
  return record;
}

const result = ({ id, name, fingerprint, tags }: KeyPair) => ({ KeyPairId: id, KeyName: name, KeyFingerprint: fingerprint, Tags: toTags(tags) });

export const keyPairOperations = {
  CreateKeyPair: async (input, context) => {
    const name = checkName(input.KeyName);
    if (input.KeyFormat === 'ppk') throw invalidParameterValue('Key format ppk: not implemented by Gantry.');
    if (await names.get(context.store, context, NAMES, name)) throw keyPairDuplicate(name);
    const key = createKey(input.KeyType === 'ed25519' ? 'ed25519' : 'rsa', name);
    return { ...result(await keep(context, name, key, tagsFor('key-pair', input.TagSpecifications))), KeyMaterial: key.privateKey };
  },

  ImportKeyPair: async (input, context) => {
    const name = checkName(input.KeyName);
    const key = readPublicKey(Buffer.from(input.PublicKeyMaterial ?? []).toString(), name);
    if (!key) throw keyFormat();
    return result(await keep(context, name, key, tagsFor('key-pair', input.TagSpecifications)));
  },

  DescribeKeyPairs: async (input, context) => {
    const all = await select(context, context, kinds.keyPair, input.KeyPairIds);
    for (const name of input.KeyNames ?? []) if (!all.some((pair) => pair.name === name)) throw keyPairNotFound(name);
    const asked = input.KeyNames?.length ? all.filter(({ name }) => input.KeyNames?.includes(name)) : all;
    const found = applyFilters(asked, input.Filters, { 'key-pair-id': ({ id }) => id, 'key-name': ({ name }) => name, fingerprint: ({ fingerprint }) => fingerprint }, ({ tags }) => tags);
    return { KeyPairs: found.map((pair) => ({ ...result(pair), KeyType: pair.type, CreateTime: new Date(pair.createdAt), ...(input.IncludePublicKey && { PublicKey: pair.publicKey }) })) };
  },

  DeleteKeyPair: async (input, context) => {
    const id = input.KeyPairId ?? (await names.get(context.store, context, NAMES, checkName(input.KeyName)))?.value;
    // Deleting a name that is not there succeeds, as in EC2.
    if (id === undefined) return { Return: true };
    const { key, value } = await find(context, context, kinds.keyPair, id);
    await context.store.commit([{ delete: key }, { delete: names.key(context, NAMES, value.name) }]);
    return { Return: true, KeyPairId: id };
  },
} satisfies Ec2Operations;
