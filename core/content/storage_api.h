/* API functions of storage that stand in files of their own. */
#ifndef KHUNG_STORAGE_API_H
#define KHUNG_STORAGE_API_H

#include "content/storage_internal.h"

int storage_kv_get(struct api_call *c);
int storage_kv_set(struct api_call *c);
int storage_kv_delete(struct api_call *c);
int storage_kv_add(struct api_call *c);
int storage_number(struct api_call *c);
int storage_void(struct api_call *c);

#endif
