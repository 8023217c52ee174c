"""Reading declarations: YAML and Python values, checked, with the place of every mistake."""
