/** The secrets that stand in these bytes, be it in UTF-8 or in UTF-16, as browsers write. */
export function secretsIn(bytes: Buffer | string, secrets: readonly string[]): string[] {
  const searched = Buffer.from(bytes);
  return secrets.filter((secret) =>
    (["utf8", "utf16le"] as const).some((encoding) =>
      searched.includes(Buffer.from(middle(secret), encoding)),
    ),
  );
}

/** A secret that is long may be cut or wrapped; its middle is as telling. */
function middle(secret: string): string {
  const start = Math.max(0, Math.floor(secret.length / 2) - 16);
  return secret.slice(start, start + 32);
}
