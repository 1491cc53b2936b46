/* Named points at which tests kill the process. */
#include "runtime/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
                                    "auth.key_written",
                                    "auth.link_used",
                                    "auth.password_set",
                                    "auth.totp_used",
                                    "route.answered",
                                    "route.key_kept",
                                    "task.orphaned",
                                    "task.orphan_waits",
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

/* Written once before threads start; the counter is shared by all of them. */
static char wanted[64];
static atomic_long left;

const char *const *crash_names(void)
{
    return names;
}

void crash_init(void)
{
    const char *at = getenv("KHUNG_CRASH_AT");
    if (!at) return;
    size_t n = strcspn(at, ":");
    if (n >= sizeof(wanted)) return;
    memcpy(wanted, at, n);
    wanted[n] = '\0';
    atomic_store(&left, at[n] ? strtol(at + n + 1, NULL, 10) : 1);
}

void crash_point(const char *name)
{
    if (!wanted[0] || strcmp(wanted, name) != 0) return;
    if (atomic_fetch_sub(&left, 1) == 1) {
        kill(getpid(), SIGKILL);
        pause();
    }
}
