-- expect: route.path
-- mode: load
-- needs: "route"
route.get(("/a"):rep(1000), function() end)
