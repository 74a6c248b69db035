import type { ReactNode } from 'react'
import { create } from 'zustand'
import { Button } from './button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from './dialog.tsx'

interface Confirmation {
  title: string
  description?: ReactNode
  /** What the button says that does it. */
  action: string
  danger?: boolean
}

interface Open extends Confirmation {
  resolve(yes: boolean): void
}

const useOpen = create<{ open: Open | undefined }>()(() => ({ open: undefined }))

/** Asks whether something shall be done; false when the dialog is closed in any other way. */
export function confirm(confirmation: Confirmation): Promise<boolean> {
  useOpen.getState().open?.resolve(false)
  return new Promise((resolve) => useOpen.setState({ open: { ...confirmation, resolve } }))
}

/** Where `confirm` shows its dialog; stands once in the app. */
export function ConfirmRoot() {
  const open = useOpen((state) => state.open)
  const answer = (yes: boolean) => {
    open?.resolve(yes)
    useOpen.setState({ open: undefined })
  }
  return (
    <Dialog open={open !== undefined} onOpenChange={(stays) => !stays && answer(false)}>
      {open && (
        <DialogContent role="alertdialog" title={open.title} className="sm:max-w-md">
          {open.description !== undefined && (
            <DialogBody className="whitespace-pre-wrap break-words text-muted text-sm">{open.description}</DialogBody>
          )}
          <DialogFooter>
            <Button onClick={() => answer(false)}>Cancel</Button>
            <Button variant={open.danger ? 'danger' : 'primary'} autoFocus onClick={() => answer(true)}>
              {open.action}
            </Button>
          </DialogFooter>
        </DialogContent>
      )}
    </Dialog>
  )
}
