/** The exit status of a daemon that could not write what it needs; ENOSPC's number. */
export const DISK_FULL_STATUS = 28
