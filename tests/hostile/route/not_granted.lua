-- expect: denied.capability
-- mode: load
-- needs: "flow"
route.get("/a", function() end)
