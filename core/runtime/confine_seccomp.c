/* seccomp: the system calls that the service needs; of some, only certain arguments. All others do not exist (ENOSYS,
 * so that libraries fall back), and those that only an attacker calls end the process with a line in the log. The
 * signal that brings them here cannot be taken away by the attacker: setting its handler again kills.
 *
 * Code can be mapped from files (libcurl is opened when first needed) but never made: no writable or anonymous memory
 * becomes executable. */
#include <errno.h>
#include <linux/prctl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <sched.h>

#include "runtime/confine_internal.h"
#include "runtime/log.h"

static const int allowed[] = {
    /* files */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
    SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(preadv2), SCMP_SYS(pwritev2), SCMP_SYS(open), SCMP_SYS(openat),
    SCMP_SYS(close), SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
    SCMP_SYS(lseek), SCMP_SYS(fcntl), SCMP_SYS(flock), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate), SCMP_SYS(fadvise64), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename),
    SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getdents64), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
    SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(fchmodat), SCMP_SYS(getcwd), SCMP_SYS(statfs),
    SCMP_SYS(fstatfs), SCMP_SYS(umask), SCMP_SYS(sendfile), SCMP_SYS(copy_file_range), SCMP_SYS(dup), SCMP_SYS(dup2),
    SCMP_SYS(dup3), SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(inotify_init1), SCMP_SYS(inotify_add_watch),
    SCMP_SYS(inotify_rm_watch),
    /* memory */
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
    /* threads */
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq), SCMP_SYS(set_tid_address),
    SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier), SCMP_SYS(restart_syscall), SCMP_SYS(getcpu),
    /* signals */
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigsuspend), SCMP_SYS(sigaltstack), SCMP_SYS(pause),
    /* time */
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(timer_create), SCMP_SYS(timer_settime), SCMP_SYS(timer_gettime),
    SCMP_SYS(timer_getoverrun), SCMP_SYS(timer_delete), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime), SCMP_SYS(getrusage), SCMP_SYS(times),
    /* events and sockets */
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(eventfd2), SCMP_SYS(socketpair),
    SCMP_SYS(connect), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(sendto), SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(shutdown),
    /* what the machine and the process are */
    SCMP_SYS(getrandom), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(getrlimit)};

/* No part of the service calls these: who does has broken in. */
#define REFUSED(name)                                                                                                  \
    {                                                                                                                  \
        SCMP_SYS(name), #name                                                                                          \
    }
static const struct refused {
    int number;
    const char *name;
} refused[] = {REFUSED(execve),
               REFUSED(execveat),
               REFUSED(fork),
               REFUSED(vfork),
               REFUSED(ptrace),
               REFUSED(process_vm_readv),
               REFUSED(process_vm_writev),
               REFUSED(pidfd_getfd),
               REFUSED(kexec_load),
               REFUSED(kexec_file_load),
               REFUSED(init_module),
               REFUSED(finit_module),
               REFUSED(delete_module),
               REFUSED(bpf),
               REFUSED(perf_event_open),
               REFUSED(userfaultfd),
               REFUSED(mount),
               REFUSED(umount2),
               REFUSED(pivot_root),
               REFUSED(chroot),
               REFUSED(setns),
               REFUSED(unshare),
               REFUSED(open_by_handle_at),
               REFUSED(reboot),
               REFUSED(swapon),
               REFUSED(swapoff),
               REFUSED(setuid),
               REFUSED(setgid),
               REFUSED(setreuid),
               REFUSED(setregid),
               REFUSED(setresuid),
               REFUSED(setresgid),
               REFUSED(setgroups),
               REFUSED(capset)};

static void on_refused(int signal, siginfo_t *info, void *context)
{
    const char *name = "a system call";
    (void)context;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (refused[i].number == info->si_syscall) name = refused[i].name;
    log_last_words("confine.refused", "call", name);
    raise(signal); /* its handler is gone: the process ends as soon as this one returns */
}

static int call_handler(void)
{
    struct sigaction a = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_RESETHAND};
    return sigaction(SIGSYS, &a, NULL);
}

static int refuse(scmp_filter_ctx f)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(refused) / sizeof(refused[0]); i++)
        rc = seccomp_rule_add(f, SCMP_ACT_TRAP, refused[i].number, 0);
    /* Nobody takes the handler of SIGSYS over. The others one by one: "not equal" would compare 64 bits, of which the
     * kernel then takes 32. */
    for (scmp_datum_t i = 1; rc == 0 && i < _NSIG; i++)
        rc = seccomp_rule_add(f, i == SIGSYS ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), 1,
                              SCMP_A0(SCMP_CMP_EQ, i));
    return rc;
}

/* Threads of this process, memory that is no code, signals to itself. */
static int allow_own(scmp_filter_ctx f)
{
    const scmp_datum_t self = (scmp_datum_t)getpid();
    int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
    if (rc == 0) rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC),
                              SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0));
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0) rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, SCMP_A0(SCMP_CMP_EQ, self));
    if (rc == 0) rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, self));
    if (rc == 0) rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
    return rc;
}

/* Sockets to the network; names of threads; what terminals and sockets are asked. No local sockets: the service has its
 * own by now, and behind the machine's others stand programs with more rights (name resolution goes by DNS instead). */
static int allow_outside(scmp_filter_ctx f)
{
    static const int families[] = {AF_INET, AF_INET6};
    static const unsigned kinds[] = {SOCK_STREAM, SOCK_DGRAM};
    static const int options[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS, PR_GET_DUMPABLE};
    static const unsigned long requests[] = {FIONBIO, FIOCLEX, FIONCLEX, FIONREAD, TCGETS};
    int rc = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; rc == 0 && k < 2; k++)
            rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                                  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]),
                                  SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, kinds[k]));
    /* The list of own addresses, for name resolution: NETLINK_ROUTE. */
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
                              SCMP_A2(SCMP_CMP_EQ, 0));
    for (size_t i = 0; rc == 0 && i < sizeof(options) / sizeof(options[0]); i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)options[i]));
    for (size_t i = 0; rc == 0 && i < sizeof(requests) / sizeof(requests[0]); i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, (scmp_datum_t)requests[i]));
    return rc;
}

bool confine_seccomp(char why[80])
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int rc = f ? seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;
    if (rc == 0) rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    for (size_t i = 0; rc == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
    if (rc == 0) rc = allow_own(f);
    if (rc == 0) rc = allow_outside(f);
    if (rc == 0) rc = refuse(f);
    if (rc == 0) rc = call_handler() == 0 ? 0 : -errno;
    if (rc == 0) rc = seccomp_load(f);
    if (rc) snprintf(why, 80, "%s", strerror(-rc));
    seccomp_release(f);
    return rc == 0;
}
