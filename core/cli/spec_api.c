/* Descriptions of describe, it and the methods of t. What they do is in *_lua.c; a test compares the names. */
#include "cli/spec_api.h"

#include "plugin/api.h"
#include "plugin/bind_lua.h"

static const struct api_fn functions[] = {
    {"after_each", NULL, "fn:fn!", "", API_PURE, NULL, 1,
     "Runs fn(t) after each test of this describe, whatever has happened."},
    {"before_each", NULL, "fn:fn!", "", API_PURE, NULL, 1,
     "Runs fn(t) before each test of this describe and of those inside it."},
    {"describe", NULL, "name:text! fn:fn!", "", API_PURE, NULL, 1,
     "Names what the tests inside it are about; they may be nested."},
    {"it", NULL, "name:text! fn:fn options:map{volatile:boolean}", "", API_PURE, NULL, 1,
     "A test, fn(t), with a host of its own. Without fn it is still to be written. volatile: it tests loop.*, which no "
     "restart survives, and goes straight through only."},
    {"pending", NULL, "name:text! fn:fn", "", API_PURE, NULL, 1,
     "A test that is still to be written, or not to be run."},
    {"t:advance", NULL, "t:object:t! by:any!", "", API_PURE, NULL, 1,
     "Moves the clock by a duration, and runs what becomes due on the way in its time: t:advance(\"2 working days\")."},
    {"t:as", NULL, "t:object:t! person:any!", "Test", API_PURE, NULL, 1,
     "Acts as this person, by code or id: t:as(\"lan\"):start(…)."},
    {"t:calendar", NULL, "t:object:t! years:any!", "", API_PURE, NULL, 1,
     "Announces the working days of a year, or of a list of years: { year = 2021, holidays = {…}, working = {…}, "
     "weekend = {…} }."},
    {"t:call", NULL, "t:object:t! name:text! a:any b:any c:any", "any", API_PURE, NULL, 1,
     "Calls a function of the API by its name, as who acts."},
    {"t:clock", NULL, "t:object:t! at:any!", "", API_PURE, NULL, 1,
     "Moves the clock to a time: t:clock(\"2021-01-04 09:00\")."},
    {"t:command", NULL, "t:object:t! name:text! args:map", "any", API_PURE, NULL, 1,
     "Runs a command of a plugin, as who acts or as the operator: t:command(\"dry-run\", { chain = \"publish\" })."},
    {"t:decide", NULL, "t:object:t! task:any! answer:map!", "", API_PURE, NULL, 1,
     "Answers a task as who acts: one of expect_task, its id, or what it must fit, as { title = … }."},
    {"t:delete", NULL, "t:object:t! path:text!", "map", API_PURE, NULL, 1, "The same as t:post for DELETE."},
    {"t:equal", NULL, "t:object:t! got:any wanted:any what:text", "", API_PURE, NULL, 1,
     "Expects a value, and shows the difference."},
    {"t:expect", NULL, "t:object:t! holds:any! message:text", "", API_PURE, NULL, 1, "Expects that this is true."},
    {"t:expect_error", NULL, "t:object:t! code:text! fn:fn!", "table", API_PURE, NULL, 1,
     "Expects that fn() fails with this code; gives the error."},
    {"t:expect_task", NULL, "t:object:t! run:any want:map", "SpecTask", API_PURE, NULL, 1,
     "Expects an open task, of this run or (nil) of any, that fits: { position =, person =, role =, title = }."},
    {"t:fetch_answers", NULL, "t:object:t! answers:map!", "", API_PURE, NULL, 1,
     "What the outside world answers: { [\"GET https://example.org/*\"] = { status =, json = | body =, headers = } | { "
     "failed = \"fetch.timeout\" } | function(request) … }. Without a method: any. The key that says most wins."},
    {"t:file", NULL, "t:object:t! name:text! text:text!", "map", API_PURE, NULL, 1,
     "Hands in a file as who acts: { hash, id, name, size, type }, for a field of type file."},
    {"t:get", NULL, "t:object:t! path:text! query:map", "map", API_PURE, NULL, 1,
     "Asks a route of this plugin (or /x/OTHER/…) as who acts, or as somebody who has not logged in: { status =, type "
     "=, "
     "headers =, body =, json = }. What is refused raises."},
    {"t:mails", NULL, "t:object:t!", "map[]", API_PURE, NULL, 1,
     "What was mailed so far: { to =, subject =, text = }. Notices that wait for an hour are mailed when it comes."},
    {"t:now", NULL, "t:object:t!", "Instant", API_PURE, NULL, 1, "The time on the clock of the host."},
    {"t:org", NULL, "t:object:t! org:map!", "map", API_PURE, NULL, 1,
     "Reads an organisation, in the form of khung org import."},
    {"t:patch", NULL, "t:object:t! path:text! body:any", "map", API_PURE, NULL, 1, "The same as t:post for PATCH."},
    {"t:post", NULL, "t:object:t! path:text! body:any", "map", API_PURE, NULL, 1,
     "Asks a route by POST with this body as JSON: t:as(\"lan\"):post(\"/rounds\", { name = \"2021\" }).json.id."},
    {"t:put", NULL, "t:object:t! path:text! body:any", "map", API_PURE, NULL, 1, "The same as t:post for PUT."},
    {"t:report", NULL, "t:object:t! name:text! params:map", "table", API_PURE, NULL, 1,
     "Runs a report as who acts: { rows =, totals =, notes = }."},
    {"t:requests", NULL, "t:object:t!", "map[]", API_PURE, NULL, 1,
     "What was asked of the outside world so far: { method =, url =, headers =, body =, json = }."},
    {"t:snapshot", NULL, "t:object:t! name:text! value:any!", "", API_PURE, NULL, 1,
     "Expects that the value looks as in spec/snapshots/NAME.txt; khung test --update writes it."},
    {"t:start", NULL, "t:object:t! flow:text! input:map options:map", "Run", API_PURE, NULL, 1,
     "Starts a flow of this plugin as who acts."},
    {"t:tasks", NULL, "t:object:t!", "map[]", API_PURE, NULL, 1, "The open tasks of who acts, or all."},
    {"t:zone", NULL, "t:object:t! zone:text!", "", API_PURE, NULL, 1,
     "Puts the organisation into a time zone: t:zone(\"Europe/London\")."},
    {0},
};

static const struct val_kind t_kind = {"t"}, task_kind = {"spec_task"};
static const struct bind_kind kinds[] = {{&t_kind, false, "Test", ""},
                                         {&task_kind, false, "SpecTask", "id:integer title:text run:integer"}};

void spec_api_host(struct host *out)
{
    *out = (struct host){.api = api_new(), .kinds = kinds, .nkinds = sizeof(kinds) / sizeof(kinds[0])};
    api_add(out->api, functions, NULL);
}
