import { useSession } from "./use";

/** One picture of the sprite (static/src/icons.txt). What it means must be said beside it. */
export function Icon({ name }: { name: string }) {
  const { boot } = useSession();
  return (
    <svg class="ls-icon" aria-hidden="true" focusable="false">
      <use href={`${boot.icons}#${name}`} />
    </svg>
  );
}
