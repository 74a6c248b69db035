import { toast } from '../ui/toast.tsx'

/** Puts text on the clipboard and says so; `what` names it: "Path". */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    toast.success(`${what} copied`)
  } catch {
    toast.error(`${what} not copied`, { description: 'The browser does not let this page use the clipboard.' })
  }
}
