/* How people log in, from the settings of the service: for its start. */
#ifndef KHUNG_LOGIN_H
#define KHUNG_LOGIN_H

#include "cli/app.h"
#include "http/oidc.h"
#include "runtime/config.h"

enum { LOGIN_URL = 256, LOGIN_SECRET = 256 };

/* `fd`: the socket that listens, for the port that it got. */
void login_options(const struct config *c, int fd, char url[LOGIN_URL], struct auth_options *out);
/* Reads the secret's file; before rights are given up. */
int login_oidc_options(const struct config *c, char secret[LOGIN_SECRET], struct oidc_options *out, struct err *err);
/* Without any account: makes a link that makes the first administrator, prints and logs it. On the lane, later. */
void login_first_link(struct app *app);

#endif
