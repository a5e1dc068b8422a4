/** `us-east-1a` → `use1-az1`, `ap-southeast-2b` → `apse2-az2`: AWS's short names; the letter gives the number. */
export function zoneId(zone: string): string {
  const [, area = '', direction = '', number = '', letter = 'a'] = /^([a-z-]+)-([a-z]+)-(\d+)([a-z])$/.exec(zone) ?? [];
  const short = direction.replace(/north|south|east|west|central/g, (word) => word[0] ?? '');
  return `${area.replace('-gov', 'g')}${short}${number}-az${letter.charCodeAt(0) - 96}`;
}
