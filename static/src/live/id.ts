// Command ids. crypto.randomUUID exists only in secure contexts, and a teacher's laptop
// on a LAN is not one (docs/security.md §9); getRandomValues exists everywhere.

/** A fresh id: 128 random bits as 32 hex digits. */
export function randomId(): string {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(octets, (o) => o.toString(16).padStart(2, "0")).join("");
}
