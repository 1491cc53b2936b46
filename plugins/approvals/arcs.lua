-- The ways back to earlier steps, on the right of the picture. A step that may go back to several has one line with a
-- head at each of them; those that may go back to the same one, or to any, meet in one line. Lines are intervals: what
-- lies within another is nearer to the boxes, what does not touch shares a lane. So they cross only where they must,
-- and there one of them is broken.

local steps = require "approvals.steps"

local arcs = {}

local lane_width, port = 14, 12

local function places_of(list)
  local places = {}
  for at, step in ipairs(list) do
    places[step.name] = at
    for _, one in ipairs(step.parallel or {}) do places[one.name] = at end
  end
  return places
end

-- The places to which each place may go back, each once, the nearest first.
local function targets(list)
  local places, from = places_of(list), {}
  for step, at in steps.each(list) do
    for _, name in ipairs(steps.returns(list, at, step)) do
      from[at] = from[at] or { seen = {} }
      local to = places[name]
      if not from[at].seen[to] then table.insert(from[at], to) end
      from[at].seen[to] = true
    end
  end
  return from
end

-- { top, bottom, heads = { place … }, tails = { place … } }
local function lines_of(list)
  local lines, by_target, from, any = {}, {}, targets(list), nil
  for at = 1, #list do
    local to = from[at]
    if to and #to > 1 and #to == at - 1 then
      if not any then
        any = { top = 1, heads = {}, tails = {} }
        lines[#lines + 1] = any
      end
      for place = #any.heads + 1, at - 1 do any.heads[place] = place end
      any.tails[#any.tails + 1], any.bottom = at, at
    elseif to and #to > 1 then
      table.sort(to)
      lines[#lines + 1] = { top = to[1], bottom = at, heads = { table.unpack(to) }, tails = { at } }
    elseif to then
      local line = by_target[to[1]]
      if not line then
        line = { top = to[1], heads = { to[1] }, tails = {} }
        by_target[to[1]], lines[#lines + 1] = line, line
      end
      line.tails[#line.tails + 1], line.bottom = at, at
    end
  end
  return lines
end

local function is_free(lines, line, lane)
  for _, other in ipairs(lines) do
    local overlaps = other.top < line.bottom and line.top < other.bottom
    local is_within = other.top >= line.top and other.bottom <= line.bottom
    if other.lane and overlaps and (other.lane == lane or is_within and other.lane > lane) then return false end
  end
  return true
end

---The lines with their lanes, 1 the nearest to the boxes.
---@param list table[] steps
---@return table[] lines, integer lanes
function arcs.lay_out(list)
  local lines, lanes = lines_of(list), 0
  table.sort(lines, function(a, b)
    local x, y = a.bottom - a.top, b.bottom - b.top
    if x ~= y then return x < y end
    return a.top < b.top
  end)
  for _, line in ipairs(lines) do
    local lane = 1
    while not is_free(lines, line, lane) do lane = lane + 1 end
    line.lane, lanes = lane, math.max(lanes, lane)
  end
  return lines, lanes
end

-- What leaves a place goes up: the nearest lane at the top; what comes to it comes from below: the farthest lane first.
-- So no two of them cross at their own place.
local function ports_of(lines)
  local ports = {}
  local function add(place, line, rank, kind)
    ports[place] = ports[place] or {}
    table.insert(ports[place], { line = line, rank = rank, kind = kind })
  end
  for _, line in ipairs(lines) do
    for _, place in ipairs(line.tails) do add(place, line, line.lane, "tail_y") end
    for _, place in ipairs(line.heads) do add(place, line, 10000 - line.lane, "head_y") end
  end
  for _, list in pairs(ports) do
    table.sort(list, function(a, b) return a.rank < b.rank end)
  end
  return ports
end

---Room on the right edge of each box for the lines that end there.
---@param lines table[]
---@param shapes table[] boxes and frames, not yet at their place
function arcs.make_room(lines, shapes)
  for place, list in pairs(ports_of(lines)) do
    local shape = shapes[place]
    shape.h = math.max(shape.h, port * (#list + 1))
  end
end

local function place_ports(lines, shapes)
  for place, list in pairs(ports_of(lines)) do
    local shape = shapes[place]
    for at, one in ipairs(list) do
      one.line[one.kind] = one.line[one.kind] or {}
      one.line[one.kind][place] = shape.y + shape.h * at / (#list + 1)
    end
  end
end

local function path_of(line, shapes, x)
  local d, top, bottom = {}, line.head_y[line.top], line.tail_y[line.bottom]
  for _, place in ipairs(line.tails) do
    local shape, y = shapes[place], line.tail_y[place]
    d[#d + 1] = place == line.bottom and ("M%g %gH%gq8 0 8 -8"):format(shape.x + shape.w, y, x - 8)
      or ("M%g %gH%g"):format(shape.x + shape.w, y, x)
  end
  d[#d + 1] = ("M%g %gV%g"):format(x, bottom - 8, top + 8)
  for _, place in ipairs(line.heads) do
    local shape, y = shapes[place], line.head_y[place]
    local turn = place == line.top and ("M%g %gq0 -8 -8 -8"):format(x, y + 8) or ("M%g %g"):format(x, y)
    d[#d + 1] = turn .. ("H%g"):format(shape.x + shape.w + 8)
  end
  return table.concat(d)
end

---The lines as SVG, the farthest first, so that the nearer ones are whole where they cross.
---@param lines table[]
---@param shapes table[] at their places
---@param right number where the boxes end
---@return string[]
function arcs.draw(lines, shapes, right)
  local out = {}
  place_ports(lines, shapes)
  for n = #lines, 1, -1 do
    local line = lines[n]
    local d = path_of(line, shapes, right + 2 + lane_width * line.lane)
    out[#out + 1] = ('<path d="%s" class="gs" fill="none" stroke-width="6"/>'):format(d)
    out[#out + 1] = ('<path class="l" d="%s"/>'):format(d)
  end
  for _, line in ipairs(lines) do
    for _, place in ipairs(line.heads) do
      local shape = shapes[place]
      out[#out + 1] = ('<path d="M%g %gl9 -5v10z" class="a"/>'):format(shape.x + shape.w, line.head_y[place])
    end
  end
  return out
end

---How much the lines need on the right of the boxes.
---@param lanes integer
---@return number
function arcs.width(lanes)
  return lane_width * lanes
end

return arcs
