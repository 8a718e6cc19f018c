# shellcheck shell=bash
# Read by the scripts for Proxmox VE: where the API is, and how its tasks are followed.
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" || exit 2
CA=${PROXMOX_CA:?}
HOST=$PROXMOX_URL
PVE=$HOST/api2/json
TOKEN="Authorization: PVEAPIToken=$PROXMOX_TOKEN_ID=$PROXMOX_SECRET"

# `task EXIT`: follows the task whose UPID the last answer is to its end. EXIT is how it has to end, `OK` or an error's text.
task() {
  local node
  UPID=$(answer data)
  [[ $UPID == UPID:* ]] || { complain 'expected a UPID'; return; }
  node=${UPID#UPID:} node=${node%%:*}
  until_answer 60 '"status":"stopped"' curl -H "$TOKEN" "$PVE/nodes/$node/tasks/$UPID/status"
  expect 200 "\"exitstatus\":\"$1"
}

# `task_log TEXT…`: what the log of the task that `task` followed must hold.
task_log() {
  local node=${UPID#UPID:}
  curl -H "$TOKEN" "$PVE/nodes/${node%%:*}/tasks/$UPID/log?limit=0"
  expect 200 "$@"
}
