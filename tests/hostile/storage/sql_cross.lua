-- expect: limit.time
for i = 1, 100 do mark:insert { n = i } end
while true do storage.sql("select count(*) as n from mark a, mark b, mark c, mark d") end
