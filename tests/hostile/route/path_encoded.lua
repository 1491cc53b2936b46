-- expect: route.path
-- mode: load
-- needs: "route"
route.get("/%2e%2e/good", function() end)
