/* khung user password: read without an echo, checked and hashed here, so that the service never sees it. The other
 * verbs are calls. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/locale.h"
#include "cli/cli.h"
#include "people/auth.h"

enum { LINE_MAX_HERE = AUTH_PASSWORD_MAX + 2 };

static bool read_line(FILE *in, char line[LINE_MAX_HERE])
{
    if (!fgets(line, LINE_MAX_HERE, in)) return false;
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

static bool ask(struct cli *c, FILE *tty, const char *key, char line[LINE_MAX_HERE])
{
    struct termios before, silent;
    bool has = tcgetattr(fileno(tty), &before) == 0;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    if (has) tcsetattr(fileno(tty), TCSAFLUSH, &silent);
    fprintf(tty, "%s ", locale_text(c->lang, key)); /* now: what was typed before is thrown away */
    fflush(tty);
    bool ok = read_line(tty, line);
    if (has) tcsetattr(fileno(tty), TCSAFLUSH, &before);
    fputc('\n', tty);
    return ok;
}

/* Once from standard input, or twice from the terminal. */
static int read_password(struct cli *c, char line[LINE_MAX_HERE], struct err *err)
{
    char again[LINE_MAX_HERE];
    if (cli_flag(c, "stdin")) return read_line(stdin, line) ? 0 : err_set(err, ERR_INVALID, "auth.no_password", NULL);
    FILE *tty = fopen("/dev/tty", "r+e");
    if (!tty) return err_set(err, ERR_INVALID, "auth.no_password", NULL);
    bool ok = ask(c, tty, "auth.ask", line) && ask(c, tty, "auth.ask_again", again);
    fclose(tty);
    int rc = !ok                        ? err_set(err, ERR_INVALID, "auth.no_password", NULL)
             : strcmp(line, again) != 0 ? err_set(err, ERR_INVALID, "auth.not_the_same", NULL)
                                        : 0;
    secret_forget(again, sizeof(again));
    return rc;
}

static int set(struct cli *c, const char *name, struct err *err)
{
    struct val args = val_list(), rules, out;
    char line[LINE_MAX_HERE], hash[SECRET_HASH_TEXT];
    int rc = cli_call(c, "user.password_rules", &args, NULL, &rules, err);
    if (rc) return rc;
    struct auth_options o = {.password_length = (int)val_get_int(&rules, "length", 12),
                             .breached = val_cstr(&c->arena, val_get(&rules, "breached"))};
    const char *password = line;
    rc = read_password(c, line, err);
    if (rc == 0) rc = auth_password_check(&o, &c->arena, &password, name, err);
    if (rc == 0) rc = auth_password_hash(password, hash, err);
    secret_forget(line, sizeof(line));
    if (rc == 0) rc = val_add(&c->arena, &args, val_str(name));
    if (rc == 0) rc = val_add(&c->arena, &args, val_str(hash));
    return rc ? rc : cli_call(c, "user.password", &args, cli_flag(c, "as"), &out, err);
}

int cli_user(struct cli *c)
{
    struct err err = {0};
    if (c->nwords < 2 || strcmp(c->words[1], "password") != 0) return cli_calls(c);
    if (c->nwords != 3) return cli_usage(c, "khung user password NAME [--stdin]");
    return set(c, c->words[2], &err) ? cli_fail(c, &err) : CLI_DONE;
}
