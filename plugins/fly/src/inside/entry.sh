#!/bin/sh
# The first process of the machine. A shell's wait takes in every child that ended, also those whose parents did: no zombies stay.
here=${0%/*}
node "$here/door.cjs" &
door=$!
trap 'kill -TERM "$door" 2>/dev/null' TERM
trap 'kill -INT "$door" 2>/dev/null' INT
while :; do
  wait "$door"
  status=$?
  kill -0 "$door" 2>/dev/null || break
done
# Where a signal had ended the wait and the door ended before it was looked at.
wait "$door" 2>/dev/null
again=$?
[ "$again" -eq 127 ] || status=$again
exit "$status"
