-- expect: limit.
for i = 1, 1e9 do storage.sql("select " .. i .. " as n") end
