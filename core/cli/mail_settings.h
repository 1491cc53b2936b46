/* The settings of mail, read from the configuration and the files that it names. */
#ifndef KHUNG_MAIL_SETTINGS_H
#define KHUNG_MAIL_SETTINGS_H

#include "base/arena.h"
#include "notify/notify.h"
#include "runtime/config.h"
#include "runtime/smtp.h"

struct mail_settings {
    struct notify_settings notify;
    struct smtp_server server; /* url NULL: none */
};
/* ERR_INVALID "mail.settings" {key}: what is missing or wrong. Texts are the configuration's or in the arena. */
int mail_settings_read(const struct config *c, struct arena *a, struct mail_settings *out, struct err *err);

#endif
