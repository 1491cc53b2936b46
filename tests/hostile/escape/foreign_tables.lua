-- expect: survives
for _, sql in ipairs { "select * from good.row", "select * from p_good__row", "select * from p_good__row as x", "select * from [p_good__row]",
  "select * from 'p_good__row'", 'select * from "p_good__row"', "select * from main.p_good__row", "select * from `main`.`p_good__row`",
  "select (select count(*) from p_good__row)", "with x as (select * from p_good__row) select * from x",
  "select * from mark union select id, version, secret from p_good__row", "select * from sqlite_master", "select * from sqlite_schema",
  "select sql from main.sqlite_master", "select * from pragma_table_list", "select * from pragma_database_list",
  "select * from dbstat", "select * from sqlite_dbpage", "select * from flow_run", "select * from account", "select * from token",
  "select * from storage_kv", "select * from json_each('[1]') j, p_good__row", "select * from mark where n in p_good__row",
  "select * from mark where n in (select n from p_good__row)", "select * from mark order by (select n from p_good__row)" } do
  local ok, rows = pcall(storage.sql, sql)
  assert(not ok or not json.encode(rows):find("canary"), sql)
  assert(not ok or not sql:find("good") or #rows == 0, sql)
end
