/** Two lenses that look at one another: the two ends of a call. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0f766e" />
      <circle cx="13" cy="14" r="6.5" fill="none" stroke="#fff" strokeWidth="2.4" />
      <circle cx="19" cy="14" r="6.5" fill="none" stroke="#99f6e4" strokeWidth="2.4" />
      <path d="M23.5 19.5 27 24" stroke="#99f6e4" strokeWidth="2.8" strokeLinecap="round" />
    </svg>
  );
}
