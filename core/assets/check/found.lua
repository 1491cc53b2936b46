-- What was found, and which name was meant.
local found = { list = {} }

-- `at`: where, { file, line, column }. `code` is a key of the catalogue, `values` fill its sentence.
function found.add(at, severity, code, values)
  local finding = { file = at.file, line = at.line, column = at.column, severity = severity, code = code, values = values or {} }
  local seen = table.concat({ at.file, at.line, at.column, code, finding.values.name or "", finding.values.lang or "",
    finding.values.option or finding.values.argument or "" }, ":")
  if found[seen] then return end
  found[seen] = true
  table.insert(found.list, finding)
end

-- Edits that turn one name into the other; neighbours that changed places are one.
local function distance(a, b)
  local before, row = nil, {}
  for k = 0, #b do row[k] = k end
  for i = 1, #a do
    local next_row = { [0] = i }
    for k = 1, #b do
      local same = a:byte(i) == b:byte(k)
      local least = math.min(row[k - 1] + (same and 0 or 1), row[k] + 1, next_row[k - 1] + 1)
      if before and k > 1 and a:byte(i) == b:byte(k - 1) and a:byte(i - 1) == b:byte(k) then
        least = math.min(least, before[k - 2] + 1)
      end
      next_row[k] = least
    end
    before, row = row, next_row
  end
  return row[#b]
end

-- The nearest of some names, or nil: at most a third of its letters may be wrong.
function found.nearest(name, names)
  local best, least
  for _, other in ipairs(names) do
    local far = distance(name, other)
    if far < #other and far * 3 <= math.max(#other, 3) and (not least or far < least) then best, least = other, far end
  end
  return best
end

-- With a name that is near: CODE_meant, with `meant`; else CODE.
function found.add_named(at, severity, code, values, names)
  values.meant = found.nearest(values.name, names)
  found.add(at, severity, values.meant and code .. "_meant" or code, values)
end

function found.names_of(list)
  local names = {}
  for i, p in ipairs(list) do names[i] = p.name end
  return names
end

function found.sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

-- By place; what is of one place in a fixed order.
function found.sorted()
  for i, f in ipairs(found.list) do f.order = i end
  table.sort(found.list, function(a, b)
    if a.file ~= b.file then return a.file < b.file end
    if a.line ~= b.line then return a.line < b.line end
    if a.column ~= b.column then return a.column < b.column end
    return a.order < b.order
  end)
  return found.list
end

return found
