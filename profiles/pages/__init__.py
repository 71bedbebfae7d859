"""Where do people and data appear outside their own pages: in the navigation, in Ctrl+K, on Home, in Settings?"""
