-- expect: route.too_many
-- mode: load
-- needs: "route"
for i = 1, 100000 do route.get("/r" .. i, function() end) end
