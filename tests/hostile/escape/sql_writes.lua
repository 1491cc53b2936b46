-- expect: survives
for _, sql in ipairs { "delete from mark", "update mark set n = 2", "insert into mark values(1, 1, 1)", "drop table mark",
  "create table evil(x)", "attach 'evil.db' as e", "attach database '/etc/passwd' as e", "pragma journal_mode = off",
  "pragma writable_schema = on", "vacuum", "vacuum into '/tmp/evil.db'", "begin", "commit", "rollback", "savepoint x", "release x",
  "select 1; delete from mark", "select 1; drop table mark; --", "reindex", "analyze", "explain select 1", "values(1); delete from mark",
  "with x as (select 1) delete from mark", "insert into mark select * from mark returning *", "detach main", "" , ";", "--", "/*" } do
  pcall(storage.sql, sql)
end
assert(storage.sql("select count(*) as n from mark")[1].n == 1)
