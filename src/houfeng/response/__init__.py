"""What to do: roads and travel times, needs, teams, facilities, the plan."""
