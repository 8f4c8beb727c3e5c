import { Button, Tooltip } from "@mantine/core";
import { IconCheck, IconShare } from "@tabler/icons-react";
import { useState } from "react";

/** Copies the address, which has all of the view; of says what that is. */
export function Share({ of }: { of: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Tooltip label={`Copies a link to this view: ${of}`}>
      <Button size="xs" variant="default" leftSection={copied ? <IconCheck size={15} /> : <IconShare size={15} />}
        onClick={() => { void navigator.clipboard.writeText(window.location.href).then(() => { setCopied(true); setTimeout(() => setCopied(false), 1500); }); }}>
        <span aria-live="polite">{copied ? "Copied" : "Share"}</span>
      </Button>
    </Tooltip>
  );
}
