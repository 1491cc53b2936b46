-- expect: limit.time
storage.sql("with recursive c(n) as (values(1) union all select n + 1 from c) select max(n) as n from c")
