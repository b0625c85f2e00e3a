#!/bin/busybox sh
# The first process of a guest: loads the modules, lets them run and unloads them, round by round, and says what it does.
# What it says begins with $tag, a word that only this run knows, and is said by task 1, so that no module says it. A guest
# whose pulse is not heard is dead.
# /run.conf sets tag, rounds, dwell (seconds between loading and unloading, one for each round, over and over), inject,
# and modules (files in the order in which they need each other).

export PATH=/bin
busybox mount -a
. /run.conf
: >/run.conf    # nobody else is to read it

debug=/sys/kernel/debug
stuck=13    # seconds after which insmod or rmmod counts as stuck, later than a hung task is reported

say() { echo "$tag $*" >/dev/kmsg; }
set_to() { [ ! -e "$2" ] || echo "$1" >"$2"; }

set_to 8 /proc/sys/kernel/hung_task_timeout_secs
set_to 1 /proc/sys/kernel/hung_task_check_interval_secs
set_to -1 /proc/sys/kernel/hung_task_warnings
set_to 5 /proc/sys/kernel/watchdog_thresh
set_to 12 /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout

# A clock that needs no new process: while threads are rationed, nothing can be started. What it says is the guest's pulse.
ticks=0
trap 'ticks=$((ticks + 1))' USR1
(
    exec 8<>/tick
    while :; do
        say pulse
        for tick in 1 2; do
            read -r -t 1 -u 8 nothing
            kill -USR1 1
        done
    done
) &
clock=$!

# Waits for a child that may never end; $status is its exit status, or "stuck" after so many seconds.
await() {
    ticks=0
    while
        wait "$1"
        status=$?
        [ $status = 138 ] && [ $ticks -lt "${2:-$stuck}" ]
    do :; done
    [ $status != 138 ] || status=stuck
}

# Every allocation made below code of a module can fail, and no other.
fail_in_modules() {
    for kind in failslab fail_page_alloc; do
        set_to N $debug/$kind/ignore-gfp-wait
        set_to 32 $debug/$kind/stacktrace-depth
        set_to 0xffffffffa0000000 $debug/$kind/require-start
        set_to 0xffffffffff000000 $debug/$kind/require-end
        set_to Y $debug/$kind/task-filter
        set_to -1 $debug/$kind/times
    done
}

load() {
    case $inject in
    thread-creation)
        threads=$(busybox cat /proc/sys/kernel/threads-max)
        (
            echo 1 >/proc/sys/kernel/threads-max
            exec busybox insmod "$1" 2>/error
        ) &
        await $!
        echo "$threads" >/proc/sys/kernel/threads-max
        ;;
    allocation)
        fail_in_modules
        if [ "$round" = 1 ]; then
            # All of them fail.
            echo 100 >$debug/failslab/probability
            (
                echo 1 >/proc/self/make-it-fail
                exec busybox insmod "$1" 2>/error
            ) &
        else
            # One of them fails, in each round a later one.
            (
                echo $((round - 1)) >/proc/self/fail-nth
                exec busybox insmod "$1" 2>/error
            ) &
        fi
        await $!
        echo 0 >$debug/failslab/probability
        ;;
    *)
        busybox insmod "$1" 2>/error &
        await $!
        ;;
    esac
    read -r error </error
    say load "$1" "$status" "${error##*: }"
    [ "$status" = 0 ] || return
    # Where its code is, to find an address in it once it is gone; that of init is gone already.
    name=${1##*/}
    sections=/sys/module/${name%.ko}/sections
    for place in $(busybox grep -H . "$sections/.text" "$sections/.init.text" 2>/dev/null); do
        place=${place##*/}
        say section "$1" "${place%%:*}" "${place#*:}"
    done
}

unload() {
    busybox rmmod "$1" 2>/error &
    await $!
    read -r error </error
    say unload "$1" "$status" "${error##*: }"
}

# How many threads the kernel has, workers of work queues aside: they come and go.
threads() {
    busybox ps -o ppid,comm | busybox awk '$1 == 2 && $2 !~ /^kworker/ { n++ } END { print n + 0 }'
}

# Loads the modules once as they are: whether they load when nothing fails, and how many threads they make then. Fails if
# they do not load or unload.
trial() {
    before=$(threads)
    wanted=$inject
    inject=
    loaded=
    for module in $modules; do
        load "$module"
        [ "$status" = 0 ] || break
        loaded="$module $loaded"
    done
    failed=$status
    [ "$wanted" != thread-creation ] || made=$(($(threads) - before))
    for module in $loaded; do
        unload "$module"
        [ "$status" = 0 ] || return 1
    done
    inject=$wanted
    [ "$failed" = 0 ]
}

# Programs that the module's script left running. Threads of the kernel are children of task 2.
kill_strangers() {
    for stat in /proc/[0-9]*/stat; do
        read -r pid rest <"$stat" || continue
        rest=${rest##*) }
        rest=${rest#* }
        parent=${rest%% *}
        case $pid:$parent in
        1:* | *:0 | *:2 | $clock:*) ;;
        *) kill -KILL "$pid" ;;
        esac
    done 2>/dev/null
}

exercise() {
    # What it says is kept up to 64 KiB; a file has no other end that something could hold open.
    (
        ulimit -f 128
        exec busybox timeout -s KILL 20 busybox sh /verify.sh >/said 2>&1 </dev/null
    ) &
    await $! 25
    [ "$status" = 0 ] || say exercise "verify.sh ended with $status"
    kill_strangers
    while read -r line; do
        say exercise "$line"
    done </said
}

# Hundredths of a second since boot.
uptime() {
    read -r now rest </proc/uptime
    now=${now%.*}${now#*.}
}

# Memory that nothing points at. It has to be five seconds old and to be seen in two scans.
look_for_leaks() {
    uptime
    old=$((now + 510))
    echo scan >$debug/kmemleak
    uptime
    [ $now -ge $old ] || busybox usleep $(((old - now) * 10000))
    echo scan >$debug/kmemleak
}

# One round. Fails if another one makes no sense.
round() {
    loaded=
    for module in $modules; do
        load "$module"
        [ "$status" = 0 ] || break
        loaded="$module $loaded"
    done
    failed=$status
    if [ "$failed" = 0 ]; then
        [ ! -e /verify.sh ] || exercise
        busybox sleep "$1"
    fi
    if [ "$failed" = 0 ] && [ $made -gt 0 ] && [ "$(threads)" -le "$before" ]; then
        say hidden $made
    fi
    for module in $loaded; do
        unload "$module"
        [ "$status" = 0 ] || return 1
    done
    [ "$failed" = 0 ] || [ "$inject" = allocation ]
}

rounds() {
    round=0
    while :; do
        for seconds in $dwell; do
            [ $round -lt "$rounds" ] || return
            round=$((round + 1))
            say round "$round"
            round "$seconds" || return
        done
    done
}

say start
made=0
if [ -z "$inject" ] || trial; then
    rounds
fi
# A signal that waits to be delivered ends a scan early, without a word.
trap '' USR1
[ ! -e $debug/kmemleak ] || look_for_leaks
# The pulse would cut lines.
kill $clock
if [ -e $debug/kmemleak ]; then
    say leaks
    busybox cat $debug/kmemleak >/dev/console
fi
# `read` takes one byte at a time, and files like this one give only the first.
say tainted "$(busybox cat /proc/sys/kernel/tainted)"
say locks $(busybox grep debug_locks /proc/lockdep_stats 2>/dev/null)
say end
busybox sleep 0.1
busybox reboot -f
