# Ends a database server when nobody has held the lock of its users for some time, and removes its folder.
#
#   users     the file on which everybody who uses the server holds a shared lock
#   starting  the file that is locked by who starts or ends a server
#   state     the file that says where the server is; removed if it means this one
#   seconds   how long nobody has to have used it
#   dir       the server's folder; the file "pid" in it names the process
#   signal    what ends the process at once
users=$1 starting=$2 state=$3 seconds=$4 dir=$5 signal=$6

# One keeper is enough for a server.
exec 8>>"$dir/kept" || exit
flock --nonblock 8 || exit

unused() {
    changed=$(stat --format=%Y "$users") || return 0
    if ! flock --exclusive --nonblock "$users" true; then
        touch --no-create "$users"
        return 1
    fi
    [ $(($(date +%s) - changed)) -ge "$seconds" ]
}

# Whether the process of the server is there: another may have its number by now.
alive() {
    grep -qF "$dir" "/proc/$pid/cmdline"
}

end() {
    if grep -qF "$dir" "$state"; then rm -f "$state"; fi
    pid=$(cat "$dir/pid")
    if alive; then
        # It may be paused.
        kill "-$signal" "$pid"
        kill -CONT "$pid"
        tries=0
        while alive && [ $tries -lt 50 ]; do
            sleep 0.2
            tries=$((tries + 1))
        done
        if alive; then kill -KILL "$pid"; fi
    fi
    # A PostgreSQL that was killed leaves a segment of shared memory, whose number ends line 7.
    segment=$(sed -n '7s/.* //p' "$dir/data/postmaster.pid") && [ -n "$segment" ] && ipcrm --shmem-id "$segment"
    tries=0
    while [ -d "$dir" ] && [ $tries -lt 50 ]; do
        rm -rf "$dir" || sleep 0.2
        tries=$((tries + 1))
    done
}

while [ -d "$dir" ]; do
    if unused; then
        # The folder of the locks may be gone with all that was built.
        [ -e "$starting" ] || starting=/dev/null
        (flock 9 && unused && end) 9>>"$starting" && exit
    fi
    sleep 1
done
