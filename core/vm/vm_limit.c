/* Time and memory limits: no cost until they are hit.
 *
 * A POSIX timer per thread sends its signal to that thread. The handler looks at the CPU time; past the budget it sets
 * a sticky flag and a hook on the coroutine that runs, which ends it there. The timer is not
 * taken down at the end of a limit: a later one finds it running, and a handler without a limit does nothing.
 *
 * A call can lie inside a call of another state (a hook of one plugin in a flow of another). So each thread keeps the
 * chain of its entries, and the limit stops all that were entered since it began. */
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "vm/vm_internal.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { RESERVE_MAX_NS = 2000000 };

struct thread_limit {
    bool made;
    timer_t timer;
    pid_t tid;
    struct vm *volatile vm;         /* whose limit runs now */
    struct vm_entry *volatile top;  /* what runs now */
    struct vm_entry *volatile base; /* the top when the limit began */
    volatile bool over;             /* the limit has run out: nothing is entered any more until it ends */
    volatile int64_t ms;
    volatile int64_t cpu_end_ns;
    volatile int64_t budget_ns;
    volatile int64_t armed_until;    /* monotonic; 0: not armed */
    int64_t sampled_cpu, sampled_at; /* what the thread had used at a moment not long ago */
};
static _Thread_local struct thread_limit limit;
/* STOP_FAULT: of the state that is stopped; on its way to where the call ends, on this thread. Too large for each
 * state. */
static _Thread_local struct err fault;

/* Ends what runs. Where a coroutine can yield it does so, for good: nothing is unwound, so that it takes no time
 * whatever is heaped up in it; no pcall sees it and no __close is called. Else an error does it, which every pcall
 * passes on. Returns where the event is not one to yield at: the next instruction is. */
static void end(lua_State *L, const lua_Debug *event)
{
    lua_Debug ar;
    if (!lua_isyieldable(L)) {
        lua_pushlightuserdata(L, vm_of(L)); /* no message: it is made where the call ends */
        lua_error(L);
    }
    vm_set_hosted(L, true); /* nobody resumes it */
    bool between = event && event->event != LUA_HOOKCOUNT && event->event != LUA_HOOKLINE;
    if (between && lua_getstack(L, 0, &ar) && lua_getinfo(L, "S", &ar) && *ar.what != 'C') return;
    lua_yield(L, 0);
}

static void on_hook(lua_State *L, lua_Debug *ar)
{
    struct vm *vm = vm_of(L);
    if (vm->running && !vm->stop && vm->used > vm->look_at) vm_look(vm);
    if (!vm->stop) {
        /* No stop, or no more: this coroutine outlived it, or inherited the hook. Look again: a signal may lie
         * between. */
        vm_hook_idle(L);
        if (!vm->stop) return;
        vm_hook(vm);
    }
    end(L, ar);
}

void vm_hook(struct vm *vm)
{
    if (!vm->running) return;
    lua_sethook(vm->running, on_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

void vm_stop_now(struct vm *vm, int why)
{
    vm->stop = why;
    vm_hook(vm);
}

/* A deep stack makes the end a long one: it grows by being copied in one go, and where nothing can be left as it is, it
 * is unwound variable by variable. So its state is stopped as much earlier, up to two fifths of its time. */
static int64_t reserve(const struct thread_limit *t, const struct vm *vm)
{
    int64_t ns = (int64_t)vm->deep, most = t->budget_ns / 5 * 2;
    if (ns > RESERVE_MAX_NS) ns = RESERVE_MAX_NS;
    return ns < most ? ns : most;
}

static int64_t time_left(const struct thread_limit *t)
{
    return t->cpu_end_ns - reserve(t, t->top ? t->top->vm : t->vm) - clock_thread_cpu_ns();
}

static void arm(struct thread_limit *t, int64_t in_ns)
{
    struct itimerspec when = {.it_value = {.tv_sec = in_ns / 1000000000, .tv_nsec = in_ns % 1000000000}};
    if (in_ns < 1000) when.it_value = (struct timespec){.tv_nsec = 1000};
    t->armed_until = clock_mono_ns() + in_ns;
    timer_settime(t->timer, 0, &when, NULL);
}

/* Stops what was entered since the limit began. A state that is stopped already may run another coroutine by now. */
static void stop_entries(const struct thread_limit *t)
{
    for (struct vm_entry *e = t->top; e && e != t->base; e = e->below) {
        e->vm->limit_ms = t->ms;
        if (!e->vm->stop || lua_gethook(e->vm->running) != on_hook)
            vm_stop_now(e->vm, e->vm->stop ? e->vm->stop : STOP_TIME);
    }
}

static void run_out(struct thread_limit *t)
{
    t->over = true;
    stop_entries(t);
    arm(t, 1000000); /* code that runs on another coroutine by now is caught by the next tick */
}

static void on_signal(int sig, siginfo_t *info, void *ctx)
{
    struct thread_limit *t = &limit;
    (void)sig;
    (void)ctx;
    if (info->si_code != SI_TIMER) { /* vm_stop */
        for (struct vm_entry *e = t->top; e; e = e->below)
            if (atomic_load(&e->vm->asked) && !e->vm->stop) vm_stop_now(e->vm, STOP_HOST);
        return;
    }
    t->armed_until = 0;
    if (!t->vm) return;
    int64_t left = time_left(t);
    if (left > 50000)
        arm(t, left);
    else
        run_out(t);
}

void vm_afford(lua_State *L, int64_t ns)
{
    struct thread_limit *t = &limit;
    if (t->vm && !t->over && time_left(t) < ns) run_out(t);
    vm_check_stop(L);
}

void vm_reserve(void)
{
    struct thread_limit *t = &limit;
    if (!t->vm || t->over) return;
    int64_t left = time_left(t), until = t->armed_until;
    if (left <= 0)
        run_out(t);
    else if (!until || until > clock_mono_ns() + left)
        arm(t, left);
}

bool vm_limit_is_over(void)
{
    return limit.vm && limit.over;
}

void vm_open_limit(void)
{
    struct sigaction act;
    memset(&act, 0, sizeof(act));
    act.sa_sigaction = on_signal;
    act.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGRTMIN, &act, NULL);
}

static pid_t thread_id(struct thread_limit *t)
{
    if (!t->tid) t->tid = (pid_t)syscall(SYS_gettid);
    return t->tid;
}

static bool make_timer(struct thread_limit *t)
{
    struct sigevent ev;
    memset(&ev, 0, sizeof(ev));
    ev.sigev_notify = SIGEV_THREAD_ID;
    ev.sigev_signo = SIGRTMIN;
    ev.sigev_notify_thread_id = thread_id(t);
    t->made = timer_create(CLOCK_MONOTONIC, &ev, &t->timer) == 0;
    return t->made;
}

enum { SAMPLE_NS = 100000 };

/* The time that the thread has used, or up to a tenth of a millisecond more: to ask the kernel for it costs ten times
 * as much as a look at the clock, and slices are short. */
static int64_t thread_cpu_at(struct thread_limit *t, int64_t now)
{
    if (now - t->sampled_at > SAMPLE_NS) {
        t->sampled_cpu = clock_thread_cpu_ns();
        t->sampled_at = now;
    }
    return t->sampled_cpu + (now - t->sampled_at);
}

void vm_limit_begin(struct vm *vm, int64_t cpu_ms)
{
    struct thread_limit *t = &limit;
    if (vm->limits++ > 0 || cpu_ms <= 0 || t->vm) return;
    if (!t->made && !make_timer(t)) return;
    int64_t budget = cpu_ms * vm->patience * 1000000, now = clock_mono_ns();
    t->ms = cpu_ms;
    t->base = t->top;
    t->cpu_end_ns = thread_cpu_at(t, now) + budget;
    t->budget_ns = budget;
    budget -= reserve(t, vm);
    t->over = false;
    atomic_signal_fence(memory_order_seq_cst);
    t->vm = vm;
    int64_t until = t->armed_until;
    if (!until || until > now + budget) arm(t, budget);
}

void vm_limit_end(struct vm *vm)
{
    if (--vm->limits > 0 || limit.vm != vm) return;
    limit.vm = NULL;
}

/* The flag is seen when the state is entered; what runs already is told by a signal to its thread. */
void vm_stop(struct vm *vm)
{
    atomic_store(&vm->asked, true);
    int tid = atomic_load(&vm->tid);
    if (tid) syscall(SYS_tgkill, getpid(), tid, SIGRTMIN);
}

int vm_enter(struct vm *vm, lua_State *L, struct vm_entry *e, struct err *err)
{
    struct thread_limit *t = &limit;
    int depth = t->top ? t->top->depth + 1 : 1;
    if (depth > VM_ENTRIES_MAX) return err_set(err, ERR_LIMIT, "limit.depth", "plugin", vm->name, NULL);
    *e = (struct vm_entry){vm, vm->running, vm->base, t->top, depth};
    if (vm->entries++ == 0) atomic_store(&vm->tid, thread_id(t));
    vm->running = vm->base = L;
    atomic_signal_fence(memory_order_seq_cst);
    t->top = e;
    /* In this order: a stop that is asked for between the two is seen here or by the handler. */
    if (atomic_load(&vm->asked) && !vm->stop) vm->stop = STOP_HOST;
    if (t->vm && t->over && !vm->stop) {
        vm->limit_ms = t->ms;
        vm->stop = STOP_TIME;
    }
    if (!vm->stop) return 0;
    int rc = vm_take_stop(vm, err);
    vm_leave(e);
    return rc;
}

void vm_leave(struct vm_entry *e)
{
    struct vm *vm = e->vm;
    limit.top = e->below;
    atomic_signal_fence(memory_order_seq_cst);
    vm->running = e->outer;
    vm->base = e->outer_base;
    if (--vm->entries > 0) return;
    atomic_store(&vm->tid, 0);
    vm->stop = 0; /* one that came too late, between the end of the call and here */
    vm->refused = 0;
    vm_tidy_later(vm);
}

void vm_raise_fault(struct vm *vm, const struct err *err)
{
    if (vm->stop) return;
    fault = *err;
    vm_stop_now(vm, STOP_FAULT);
}

void vm_raise_stop(lua_State *L)
{
    end(L, NULL);
}

bool vm_is_stop(const struct err *err)
{
    return err->code == ERR_LIMIT && (strcmp(err->key, "limit.time") == 0 || strcmp(err->key, "limit.memory") == 0);
}

int vm_take_stop(struct vm *vm, struct err *err)
{
    struct err_num n;
    int why = vm->stop;
    if (vm->entries == 1) {
        vm->stop = 0;
        if (why == STOP_HOST) atomic_store(&vm->asked, false);
    }
    switch (why) {
    case STOP_TIME:
        return err_set(err, ERR_LIMIT, "limit.time", "ms", err_i64(&n, vm->limit_ms), "plugin", vm->name, NULL);
    case STOP_MEMORY:
        return err_set(err, ERR_LIMIT, "limit.memory", "plugin", vm->name, NULL);
    case STOP_FAULT:
        *err = fault;
        return err->code;
    default:
        return err_set(err, ERR_STOPPED, "limit.stopped", "plugin", vm->name, NULL);
    }
}
