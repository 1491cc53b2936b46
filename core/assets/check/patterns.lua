-- Patterns that are written down: can they be matched with at all?
local at = { ["string.find"] = 3, ["string.match"] = 3, ["string.gmatch"] = 3, ["string.gsub"] = 3 }
local methods = { find = true, match = true, gmatch = true, gsub = true }
local patterns = {}

local function check(walk, node, plain)
  if not node or node.tag ~= "String" or (plain and plain.tag ~= "False" and plain.tag ~= "Nil") then return end
  local why = walk.ctx.pattern_fault(node[1])
  if why then walk:add(node, "error", "check.pattern", { pattern = node[1], why = why }) end
end

function patterns.call(walk, node, path)
  if path and at[path] then check(walk, node[at[path]], path == "string.find" and node[5]) end
end

-- s:find(p, 1, true): of a class that the host has, it is another function.
function patterns.invoke(walk, node, class)
  local name = node[2][1]
  if methods[name] and not class and not walk.ctx.own_methods[name] then check(walk, node[3], name == "find" and node[5]) end
end

return patterns
