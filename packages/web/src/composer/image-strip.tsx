import { X } from 'lucide-react'
import { Dialog, DialogBody, DialogContent, DialogTrigger } from '../ui/dialog.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import type { PromptImage } from './images.ts'

interface ImageStripProps {
  images: readonly PromptImage[]
  disabled?: boolean
  onRemove(id: string): void
}

/** The images of a prompt that is being written; each can be looked at and taken away. */
export function ImageStrip({ images, disabled, onRemove }: ImageStripProps) {
  if (images.length === 0) return null
  return (
    <ul aria-label="Images" className="flex flex-wrap gap-2 px-3 pt-3">
      {images.map((image) => (
        <li key={image.id} className="relative">
          <Dialog>
            <DialogTrigger className="block overflow-hidden rounded-md border bg-sunken" title={image.name}>
              <img src={sourceOf(image)} alt={image.name} className="h-16 w-auto min-w-10 max-w-32 object-cover" />
            </DialogTrigger>
            <DialogContent title={image.name} description={sizeOf(image)} className="sm:max-w-4xl">
              <DialogBody className="flex justify-center pb-4">
                <img src={sourceOf(image)} alt={image.name} className="max-h-[70dvh] max-w-full object-contain" />
              </DialogBody>
            </DialogContent>
          </Dialog>
          <IconButton
            label={`Remove ${image.name}`}
            variant="secondary"
            disabled={disabled}
            className="absolute -top-2 -right-2 size-6 rounded-full"
            onClick={() => onRemove(image.id)}
          >
            <X />
          </IconButton>
        </li>
      ))}
    </ul>
  )
}

const sourceOf = ({ mimeType, data }: PromptImage) => `data:${mimeType};base64,${data}`

function sizeOf({ bytes }: PromptImage): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
