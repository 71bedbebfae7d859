from django.db import migrations

# The same expression as ProfileQuerySet.for_list.
INDEX = "CREATE INDEX profile_by_activity ON profiles_profile ((coalesce(latest_seen_at, created_at)) DESC, id DESC)"


class Migration(migrations.Migration):
    dependencies = [("profiles", "0005_source_tally")]
    operations = [migrations.RunSQL(INDEX, "DROP INDEX profile_by_activity")]
