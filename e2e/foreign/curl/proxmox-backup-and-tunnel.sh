#!/usr/bin/env bash
# Backups and their restoring, and the way of a VM to another cluster, as literal requests.
source "$(dirname "${BASH_SOURCE[0]}")/proxmox.sh" || exit 2
NODE=$PVE/nodes/pve1
VM=$NODE/qemu/7500
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=7500 -d name=precious -d memory=256 -d scsi0=local-lvm:1 --data-urlencode net0=virtio,bridge=vmbr0
expect 200
task OK

# ── Back up ───────────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$NODE/vzdump" -d vmid=7500 -d storage=local -d mode=snapshot -d compress=zstd
expect 200 ':vzdump:7500:'
task OK
task_log 'INFO: Starting Backup of VM 7500 (qemu)' 'INFO: VM Name: precious' 'INFO: Finished Backup of VM 7500'
curl -H "$TOKEN" "$NODE/storage/local/content?content=backup&vmid=7500"
expect 200 '"volid":"local:backup/vzdump-qemu-7500-' '"format":"vma.zst"' '"subtype":"qemu"' '"vmid":7500'
ARCHIVE=$(answer volid)
curl -H "$TOKEN" "$NODE/vzdump/extractconfig?volume=$ARCHIVE"
expect 200 'name: precious' 'scsi0: local-lvm:vm-7500-disk-0' '#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:'
curl -H "$TOKEN" -X PUT "$NODE/storage/local/content/$ARCHIVE" -d 'notes=before the change' -d protected=1
expect 200
curl -H "$TOKEN" -X POST "$NODE/vzdump" -d vmid=7599 -d storage=local
expect 200
task 'job errors'
curl -H "$TOKEN" -X POST "$NODE/vzdump" -d vmid=7500 -d storage=local -d mode=someday
expect 400 "\"mode\":\"value 'someday' does not have a value in the enumeration 'snapshot, suspend, stop'\""

# ── Restore, beside the VM and over it ────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=7501 -d "archive=$ARCHIVE" -d unique=1
expect 200 ':qmrestore:7501:'
task OK
curl -H "$TOKEN" "$NODE/qemu/7501/config"
expect 200 '"name":"precious"' '"scsi0":"local-lvm:vm-7501-disk-0,size=1G"' '"net0":"virtio=BC:24:11:'
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=7500 -d "archive=$ARCHIVE"
expect "500 unable to restore VM 7500 - VM 7500 already exists on node 'pve1'"
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=7500 -d "archive=$ARCHIVE" -d force=1
expect 200 ':qmrestore:7500:'
task OK
curl -H "$TOKEN" -X PUT "$NODE/storage/local/content/$ARCHIVE" -d protected=0
expect 200
curl -H "$TOKEN" -X DELETE "$NODE/storage/local/content/$ARCHIVE"
expect 200 ':imgdel:'
task OK

# ── To another cluster: this one, under another number, stands for it ─────────────────────────────────────────────
SELF=${HOST#https://}
ENDPOINT="apitoken=PVEAPIToken=$PROXMOX_TOKEN_ID=$PROXMOX_SECRET,host=${SELF%:*},port=${SELF#*:},fingerprint=$PROXMOX_FINGERPRINT"
curl -H "$TOKEN" -X POST "$VM/remote_migrate" -d target-vmid=7502 -d target-bridge=vmbr0 -d target-storage=1 \
  --data-urlencode "target-endpoint=$ENDPOINT"
expect '500 remote migration requires explicit storage mapping!'
curl -H "$TOKEN" -X POST "$VM/remote_migrate" -d target-vmid=7502 -d target-bridge=vmbr0 -d target-storage=local-lvm \
  --data-urlencode "target-endpoint=$ENDPOINT"
expect 200 ':qmigrate:7500:'
task OK
curl -H "$TOKEN" "$PVE/cluster/resources?type=vm"
expect 200 '"id":"qemu/7502"'
curl -H "$TOKEN" -X POST "$VM/mtunnel"
expect "500 unable to create empty VM config - VM 7500 already exists on node 'pve1'"
curl -H "$TOKEN" -X POST "$NODE/qemu/7503/mtunnel" -d storages=local-lvm -d bridges=vmbr0
expect 200 '"ticket":"PVETUNNEL:' '"socket":"/run/qemu-server/7503.mtunnel"' ':qmtunnel:7503:'
curl -H "$TOKEN" "$NODE/qemu/7503/mtunnelwebsocket?ticket=nonsense&socket=/run/qemu-server/7503.mtunnel"
expect '401 permission denied - invalid PVETUNNEL ticket'
curl -H "$TOKEN" -X DELETE "$NODE/tasks/$(answer upid)"
curl -H "$TOKEN" -X POST "$VM/dbus-vmstate" -d action=start
expect '500 VM 7500 not running'

for vmid in 7500 7501 7502; do
  curl -H "$TOKEN" -X DELETE "$NODE/qemu/$vmid?purge=1"
  expect 200
  task OK
done
finish
