return {
  ["award_summary.none"] = "Nothing was proposed in {year}.",
  ["approval_times.none"] = "Nothing was decided in {year}.",
}
