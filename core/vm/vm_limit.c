/* Time and memory limits: no cost until they are hit.
 *
 * A POSIX timer per thread sends its signal to that thread. The handler looks at the CPU time; past the budget it sets
 * a sticky flag and a hook on the coroutine that runs, which raises an error that no pcall keeps. The timer is not
 * taken down at the end of a limit: a later one finds it running, and a handler without a limit does nothing. */
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "vm/vm_internal.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

struct thread_limit {
    bool made;
    timer_t timer;
    struct vm *volatile vm; /* whose limit runs now */
    volatile int64_t cpu_end_ns;
    volatile int64_t armed_until; /* monotonic; 0: not armed */
};
static _Thread_local struct thread_limit limit;

static void on_hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    vm_check_stop(L);
}

void vm_stop_now(struct vm *vm, int why)
{
    vm->stop = why;
    if (!vm->running) return;
    vm->hooked = vm->running;
    lua_sethook(vm->running, on_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static void arm(struct thread_limit *t, int64_t in_ns)
{
    struct itimerspec when = {.it_value = {.tv_sec = in_ns / 1000000000, .tv_nsec = in_ns % 1000000000}};
    if (in_ns < 1000) when.it_value = (struct timespec){.tv_nsec = 1000};
    t->armed_until = clock_mono_ns() + in_ns;
    timer_settime(t->timer, 0, &when, NULL);
}

static void on_signal(int sig, siginfo_t *info, void *ctx)
{
    struct thread_limit *t = &limit;
    (void)sig;
    (void)info;
    (void)ctx;
    t->armed_until = 0;
    struct vm *vm = t->vm;
    if (!vm) return;
    int64_t left = t->cpu_end_ns - clock_thread_cpu_ns();
    if (left > 50000) {
        arm(t, left);
        return;
    }
    if (!vm->stop) vm_stop_now(vm, STOP_TIME);
    /* Code that runs after the flag was set on another coroutine is caught by the next tick. */
    if (vm->running && vm->running != vm->hooked) vm_stop_now(vm, vm->stop);
    arm(t, 1000000);
}

static bool make_timer(struct thread_limit *t)
{
    struct sigevent ev;
    struct sigaction act;
    memset(&ev, 0, sizeof(ev));
    memset(&act, 0, sizeof(act));
    act.sa_sigaction = on_signal;
    act.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGRTMIN, &act, NULL);
    ev.sigev_notify = SIGEV_THREAD_ID;
    ev.sigev_signo = SIGRTMIN;
    ev.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    t->made = timer_create(CLOCK_MONOTONIC, &ev, &t->timer) == 0;
    return t->made;
}

void vm_limit_begin(struct vm *vm, int64_t cpu_ms)
{
    struct thread_limit *t = &limit;
    if (vm->limits++ > 0 || cpu_ms <= 0 || t->vm) return;
    if (!t->made && !make_timer(t)) return;
    int64_t budget = cpu_ms * 1000000;
    vm->limit_ms = cpu_ms;
    t->cpu_end_ns = clock_thread_cpu_ns() + budget;
    atomic_signal_fence(memory_order_seq_cst);
    t->vm = vm;
    int64_t until = t->armed_until;
    if (!until || until > clock_mono_ns() + budget) arm(t, budget);
}

void vm_limit_end(struct vm *vm)
{
    if (--vm->limits > 0 || limit.vm != vm) return;
    limit.vm = NULL;
}

void vm_stop(struct vm *vm)
{
    vm_stop_now(vm, STOP_HOST);
}

void vm_raise_fault(struct vm *vm, const struct err *err)
{
    if (vm->stop) return;
    vm->fault = *err;
    vm_stop_now(vm, STOP_FAULT);
}

void vm_check_stop(lua_State *L)
{
    struct vm *vm = vm_of(L);
    if (!vm->stop) return;
    lua_pushlightuserdata(L, vm); /* no message: it is made where the call ends */
    lua_error(L);
}

int vm_take_stop(struct vm *vm, struct err *err)
{
    struct err_num n;
    int why = vm->stop;
    vm->stop = 0;
    if (vm->hooked) lua_sethook(vm->hooked, NULL, 0, 0);
    vm->hooked = NULL;
    switch (why) {
    case STOP_TIME:
        return err_set(err, ERR_LIMIT, "limit.time", "ms", err_i64(&n, vm->limit_ms), "plugin", vm->name, NULL);
    case STOP_MEMORY:
        lua_gc(vm->L, LUA_GCCOLLECT);
        return err_set(err, ERR_LIMIT, "limit.memory", "plugin", vm->name, NULL);
    case STOP_FAULT:
        *err = vm->fault;
        return err->code;
    default:
        return err_set(err, ERR_STOPPED, "limit.stopped", "plugin", vm->name, NULL);
    }
}
