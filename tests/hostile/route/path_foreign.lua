-- expect: route.path
-- mode: load
-- needs: "route"
route.get("//good/x", function() end)
