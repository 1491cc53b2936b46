/* Named points at which tests kill the process. */
#include "runtime/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

static const char *const names[] = {"lane.before_slice",
                                    "lane.after_slice",
                                    "lane.before_commit",
                                    "lane.after_commit",
                                    "lane.before_done",
                                    "store.migrate_before",
                                    "store.migrate_after",
                                    "store.copy_piece",
                                    "store.copy_exchanged",
                                    "store.log_begun",
                                    "store.log_copied",
                                    "store.log_rest",
                                    "outbox.before_send",
                                    "outbox.after_send",
                                    "outbox.before_result",
                                    "flow.before_step",
                                    "flow.after_step",
                                    "flow.before_save",
                                    "flow.after_save",
                                    "turn.given",
                                    "turn.counted",
                                    "turn.passed",
                                    "search.filled",
                                    "content.before_publish",
                                    "content.after_publish",
                                    "upgrade.before_move",
                                    "upgrade.after_move",
                                    "pack.begun",
                                    "pack.file_written",
                                    "pack.written",
                                    "pack.exchanged",
                                    "pack.synced",
                                    "pack.cleared",
                                    "breaker.before_row",
                                    "breaker.after_row",
                                    "breaker.before_hand",
                                    "breaker.after_hand",
                                    "plugin.granted",
                                    "auth.key_written",
                                    "auth.link_used",
                                    "auth.password_set",
                                    "auth.totp_used",
                                    "route.answered",
                                    "route.key_kept",
                                    "task.orphaned",
                                    "task.orphan_waits",
                                    "task.entry_doubted",
                                    "people.tasks_handed",
                                    "task.link_used",
                                    "task.link_files",
                                    "task.detached",
                                    "vote.key_written",
                                    "vote.cast",
                                    "vote.unread",
                                    "vote.before_close",
                                    "vote.key_gone",
                                    "people.change_half",
                                    "people.change_made",
                                    "people.import_half",
                                    "people.token_made",
                                    "people.role_given",
                                    "people.account_changed",
                                    "audit.erase_begun",
                                    "audit.erase_thing",
                                    "audit.erase_row",
                                    "audit.erase_piece",
                                    "audit.erase_clear",
                                    "audit.erase_done",
                                    "audit.erase_again",
                                    "audit.content_half",
                                    "audit.table_half",
                                    "audit.wait_put",
                                    "audit.skip_put",
                                    "people.erase_half",
                                    "notify.before_anchor",
                                    "notify.after_anchor",
                                    "notify.before_piece",
                                    "notify.before_mail",
                                    "notify.after_mail",
                                    "file.written",
                                    "file.synced",
                                    "file.renamed",
                                    "file.kept",
                                    "file.row",
                                    "file.hung",
                                    "file.swept",
                                    NULL};

enum { STEPS_MAX = 4, PASSING_MAX = 1000000 };

struct step {
    const char *name; /* of names */
    atomic_long left; /* passings until it is passed; below 0 afterwards */
};

/* The way is written once before threads start; where it stands is shared by all of them. */
static struct step way[STEPS_MAX];
static int nsteps;
static atomic_int at;

const char *const *crash_names(void)
{
    return names;
}

static const char *find_name(const char *text, size_t len)
{
    for (const char *const *n = names; *n; n++)
        if (strlen(*n) == len && memcmp(*n, text, len) == 0) return *n;
    return NULL;
}

/* NAME or NAME:PASSING at the beginning of `text`; behind it, or NULL. */
static const char *read_step(const char *text, struct step *out)
{
    size_t len = strcspn(text, ":>");
    const char *end = text + len;
    long passing = 1;
    out->name = find_name(text, len);
    if (*end == ':') {
        const char *digits = end + 1;
        passing = 0;
        for (end = digits; *end >= '0' && *end <= '9' && passing <= PASSING_MAX; end++)
            passing = 10 * passing + (*end - '0');
    }
    atomic_store(&out->left, passing);
    return out->name && passing >= 1 && passing <= PASSING_MAX ? end : NULL;
}

int crash_init(struct err *err)
{
    const char *text = getenv("KHUNG_CRASH_AT"), *rest = text;
    int n = 0;
    if (!text) return 0;
    while (rest && n < STEPS_MAX) {
        rest = read_step(rest, &way[n++]);
        if (!rest || *rest != '>') break;
        rest++;
    }
    if (!rest || *rest) return err_set(err, ERR_INVALID, "runtime.crash_at", "way", text, NULL);
    nsteps = n;
    return 0;
}

void crash_point(const char *name)
{
    if (!nsteps) return;
    int i = atomic_load(&at);
    if (strcmp(way[i].name, name) != 0 || atomic_fetch_sub(&way[i].left, 1) != 1) return;
    if (i + 1 < nsteps) {
        atomic_store(&at, i + 1);
        return;
    }
    kill(getpid(), SIGKILL);
    pause();
}
