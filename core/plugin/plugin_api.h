/* The API functions that belong to no module: on, events.emit, t, log. */
#ifndef KHUNG_PLUGIN_API_H
#define KHUNG_PLUGIN_API_H

struct api;
void plugin_add_api(struct api *api);

#endif
